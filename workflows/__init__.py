"""Workflows: one use case, one function. Load, compute, save."""
