"""The object store: control calls, signatures, credentials, event notifications."""
