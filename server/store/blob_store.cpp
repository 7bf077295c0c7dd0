// blob_store
