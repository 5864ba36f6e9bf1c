# After DCV: the agent with its tasks and folders. Run again it changes nothing but the agent's files. Windows PowerShell 5.1.
param([string] $Staging = 'C:\ElephantImage')
$ErrorActionPreference = 'Stop'
if (-not (Get-Service -Name dcvserver -ErrorAction SilentlyContinue)) { throw 'elephant: FAILED the DCV server is not installed' }
& (Join-Path $Staging 'kit\desktop\windows\install.ps1') -Python (Join-Path $env:ProgramFiles 'Elephant\python\python.exe')
# One console session for whoever is logged on; whose it is, and who is let in, boot.ps1 writes at every boot.
Set-Service -Name dcvserver -StartupType Automatic
Write-Output 'elephant: the agent is installed'
exit 0
