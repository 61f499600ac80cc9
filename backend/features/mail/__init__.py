"""Mails that one person causes to another: enqueued by any feature, sent by the worker."""
