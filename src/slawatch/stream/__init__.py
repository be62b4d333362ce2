"""Kafka and Faust: the shell that feeds a pure process and makes its effects happen exactly once."""
