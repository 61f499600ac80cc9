"""Sessions, passwords, account recovery, and the verification of e-mail addresses."""
