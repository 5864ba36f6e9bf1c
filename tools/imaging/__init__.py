"""How an image is built: what goes into it, the pipeline that builds it, and what is told of a build.

kit         the kit as a zip, the same bytes from the same files
installers  the operator's own installers, beside the stage's file
content     the template with its documents and parameters, and the version that all of it comes to
assets      the bucket that the machines of a build fetch from
builds      the builds of a stage's pipeline: started once, followed, described
removal     takes the pipeline away, and leaves the images
progress    what is told while a build goes on, and when it has failed
"""
