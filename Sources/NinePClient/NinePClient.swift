import FileTree
