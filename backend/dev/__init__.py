"""`we-upload dev`: the whole product on one machine, from wheels alone, as one process tree.

stack      starts the parts in order, and stops them in the reverse one
home       DATA_DIR: its lock, and the ports and secrets it keeps
postgres   a real PostgreSQL          objects   an S3 server
processes  children that never outlive their parent (by way of `leash`)
demo       the account to try things with       welcome   what is printed
"""
