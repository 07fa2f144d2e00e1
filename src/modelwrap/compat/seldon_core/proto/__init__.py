"""Seldon's protobuf messages, and the clients of its gRPC services."""
