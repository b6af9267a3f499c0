"""The archive's own web pages: home, documentation, errors. Server-rendered; no build, no CDN."""
