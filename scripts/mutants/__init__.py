"""`make mutants`: puts small bugs in, one at a time, and says which of them no test notices."""
