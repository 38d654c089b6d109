"""The HTTP door. Parse, call one workflow, shape the answer."""
