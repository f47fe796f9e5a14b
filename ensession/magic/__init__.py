"""The notebook's side: ``%ens``. The only room that imports IPython at run time."""
