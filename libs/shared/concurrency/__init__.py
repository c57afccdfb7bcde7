"""Tasks and batches of asyncio, written once: background tasks that are kept and ended, calls that share a flush."""
