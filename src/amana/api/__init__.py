"""The API: parses a request, calls one command or query, and answers in JSON.

Decides nothing; whatever it can do, the pages and the command line can do too.
"""
