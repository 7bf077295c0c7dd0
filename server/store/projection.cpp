// projection
