# The test of a new image, on a machine that was started from it: `boot` makes it the desktop of a meeting that is only
# rehearsed and restarts it once, as a desktop's first boot does; `rehearse` lets the agent find out whether all of it
# works. An exit code that is not 0 fails the build. Windows PowerShell 5.1.
param([Parameter(Mandatory = $true)] [ValidateSet('boot', 'rehearse')] [string] $Step)
$ErrorActionPreference = 'Stop'
$home_ = Join-Path $env:ProgramFiles 'Elephant'
$python = Join-Path $home_ 'python\python.exe'
$restarted = Join-Path $env:ProgramData 'ElephantRehearsal'
Set-Location -LiteralPath $home_
if ($Step -eq 'boot') {
  # Exit code 3010 restarts the machine and runs this step again: once.
  if (Test-Path -LiteralPath $restarted) {
    Write-Output 'elephant: the machine has restarted'
    exit 0
  }
  & $python -m desktop rehearse --prepare
  if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
  New-Item -ItemType Directory -Path $restarted | Out-Null
  Write-Output 'elephant: the machine restarts, as a desktop does after its first boot'
  exit 3010
}
& $python -m desktop rehearse
exit $LASTEXITCODE
