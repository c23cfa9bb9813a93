"""The ways to an OpenAI-compatible endpoint."""
