"""`slawatch demo`: a local Kafka, a simulated help desk in fast time, the real worker, and its alerts on the screen."""
