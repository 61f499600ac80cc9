"""Links: what an owner hands to people without an account, and what those may do with it."""
