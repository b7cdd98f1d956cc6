"""Interview practice: questions with rubrics, an interviewer who asks further, and evidence."""
