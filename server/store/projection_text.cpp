// projection_text
