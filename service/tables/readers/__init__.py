"""One module a format: each turns a file into a description and a stream of Arrow batches."""
