"""Core state as small, versioned bytes, and back."""
