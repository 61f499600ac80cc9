"""How uploads end: completed by the client, S3's notification or the worker, or without a file.

complete       the whole line, and what becomes of an upload that cannot be completed
claim          one statement: whoever holds the lease works alone
arrival        what S3 holds, brought under the object's key and verified
settle         one transaction: the bytes become a version of a file
jobs           what the worker does for clients that went away
ending         abort, expire, fail: the reservation freed, the bytes deleted
notifications  the same as soon as S3 tells that bytes have arrived
"""
