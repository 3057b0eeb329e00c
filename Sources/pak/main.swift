print("pak")
