"""What people write: ``sdsync.toml``, secrets, tables; read, checked, explained.

The ground of the house: this folder imports nothing of ours. ``load`` is the
way in, ``model`` the shape that everybody reads, ``problems`` how every error
in a file that people edit is said.
"""
