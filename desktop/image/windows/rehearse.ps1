# The test of a new image, on a machine that was started from it. `boot` makes it the desktop of a meeting that is only
# rehearsed; exit code 3010 restarts it, as a desktop's first boot does, and runs this step again, which then finds all
# done. `rehearse` lets the agent find out whether all of it works. Any other exit code fails the build. Windows
# PowerShell 5.1.
param([Parameter(Mandatory = $true)] [ValidateSet('boot', 'rehearse')] [string] $Step)
$ErrorActionPreference = 'Stop'
$home_ = Join-Path $env:ProgramFiles 'Elephant'
$python = Join-Path $home_ 'python\python.exe'
Set-Location -LiteralPath $home_
if ($Step -eq 'boot') { & $python -m desktop rehearse --prepare }
else { & $python -m desktop rehearse }
exit $LASTEXITCODE
