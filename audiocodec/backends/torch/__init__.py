"""Models on torch, streamed with the same bits however they are fed."""
