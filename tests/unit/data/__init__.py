"""The data service: values, parameters, writes."""
