"""Mails that one user causes to be sent to another: enqueued by features, sent by the worker."""
