"""Links: what an owner gives to people without an account, and what they may do with it."""
