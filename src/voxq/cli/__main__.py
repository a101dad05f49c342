from voxq.cli.app import main

main()
