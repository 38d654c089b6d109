"""The certificate of a building's code: what it says, how it looks, how anyone verifies it."""
