"""The command line. Parse, call one workflow, print the answer."""
