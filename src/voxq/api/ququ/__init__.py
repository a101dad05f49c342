"""The API of QuQu, a dictation client, as far as it belongs to no kind of task: errors, fields, status."""
