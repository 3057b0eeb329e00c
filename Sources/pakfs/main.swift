print("pakfs")
