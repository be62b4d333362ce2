"""What goes over Kafka: the shapes of the contract, and bytes to core values and back."""
