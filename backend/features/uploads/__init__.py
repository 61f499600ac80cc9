"""Uploads: from a reservation, through bytes that go straight to S3, to a version of a file.

plan       what is asked for, checked and cut into parts; no I/O
begin      one statement reserves the quota and writes the upload down
signing    presigned requests for what is still to be sent
states     what its owner is told of an upload, from the row and the clock
multipart  the upload at S3 behind one of ours: looked at, and replaced where S3 has lost it
complete   claim -> S3 -> settle; every step may be repeated after a crash
ending     abort, expire, fail: the reservation freed, the bytes discarded
jobs       what the worker does for clients that went away
"""
