"""The API face: everything the web can do, under `/api/`, documented at `/api/docs`.

It parses, calls one command or query, and renders; it decides nothing. Errors are problem
documents (RFC 9457) with a code, the place and the mend; a write takes an `Idempotency-Key`.
"""
