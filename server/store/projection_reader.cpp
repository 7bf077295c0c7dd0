// projection_reader
