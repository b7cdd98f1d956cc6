"""The arrays that ship with the course; `make_datasets.py` says where each comes from."""
