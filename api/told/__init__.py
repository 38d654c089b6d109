"""What answers hold, for the description of the API: nothing is validated by these but in the tests, where every answer is."""
