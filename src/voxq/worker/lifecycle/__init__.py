"""Tasks through a worker: in, from stage to stage, out; and who pays when something goes wrong."""
