TreeCheck.main()
