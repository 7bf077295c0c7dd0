// blob_garbage
