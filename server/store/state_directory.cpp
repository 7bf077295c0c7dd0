// state_directory
