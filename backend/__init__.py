"""We-Upload: a multi-user file upload and sharing backend."""
