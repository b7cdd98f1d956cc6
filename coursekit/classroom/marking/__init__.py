"""How is a whole class marked? In parallel, resumable, each mark kept at once."""

from coursekit.bootstrap.unasked import leave_out_unasked

leave_out_unasked()  # here as well, since each process that grades begins with this package
