// projection_writer
