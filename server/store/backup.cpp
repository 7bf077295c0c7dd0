// backup
