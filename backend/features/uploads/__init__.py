"""Uploads: from a reservation, through bytes that go straight to S3, to what `finalize` completes.

plan       what is asked for, checked and cut into parts; no I/O
begin      one statement reserves the quota and records the upload
queries    that statement and the others
signing    presigned requests for what is still to be sent
service    list, get, sign parts
multipart  uploads in parts: what S3 holds of them, and reopening one that S3 has lost
states     what its owner is told of an upload, from the row and the clock
"""
