"""Completing uploads: by the client, on S3's notifications, or by the worker that heals.

complete       the whole line, and what becomes of an upload that cannot be completed
claim          one statement: whoever holds the lease works alone
arrival        what S3 holds, brought under the object's key and verified
settle         one transaction: the bytes become a version of a file
jobs           what the worker does for clients that went away
notifications  the same as soon as S3 tells that bytes have arrived
"""
