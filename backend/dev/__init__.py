"""`we-upload dev`: the whole product on one machine, only from wheels, as one process tree.

stack      starts the parts in order, and stops them in reverse order
home       DATA_DIR: its lock, and the ports and secrets it keeps
postgres   a real PostgreSQL          objects   an S3 server (`store`)
processes  children that never outlive their parent (by means of `leash`)
demo       an account to try things with        welcome   what is printed
"""
