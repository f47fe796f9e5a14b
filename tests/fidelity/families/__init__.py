"""The families of the corpus, one module each."""
