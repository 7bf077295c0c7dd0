// restore_backup
