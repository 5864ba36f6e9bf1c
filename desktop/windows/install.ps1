# Installs the agent of this folder into an image: its files, and the three tasks that Windows starts by itself.
# Run as an administrator; run again it replaces what was there, but for agent.toml, which is the operator's. Windows PowerShell 5.1.
param(
  [Parameter(Mandatory = $true)] [string] $Python,
  [string] $User = 'lesson',
  [int] $VerifierPort = 8444
)
$ErrorActionPreference = 'Stop'
$home_ = Join-Path $env:ProgramFiles 'Elephant'
$data = Join-Path $env:ProgramData 'Elephant'
$source = Split-Path -Parent (Split-Path -Parent $MyInvocation.MyCommand.Path)

New-Item -ItemType Directory -Force -Path $home_ | Out-Null
Copy-Item -LiteralPath $source -Destination $home_ -Recurse -Force
foreach ($folder in 'state', 'shared', 'session', 'hooks', 'drop') { New-Item -ItemType Directory -Force -Path (Join-Path $data $folder) | Out-Null }
# By default every user may make files there: the service's state is SYSTEM's, the session's the person's, the rest is to read.
function Set-Rights([string] $Folder, [string[]] $Rights) {
  icacls.exe $Folder /inheritance:r /grant:r $Rights | Out-Null
  if ($LASTEXITCODE -ne 0) { throw "The rights on $Folder cannot be set (icacls says $LASTEXITCODE)." }
}
$ours = '*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F'
Set-Rights $data ($ours + '*S-1-5-32-545:(OI)(CI)RX')
Set-Rights (Join-Path $data 'state') $ours
Set-Rights (Join-Path $data 'session') ($ours + '*S-1-5-32-545:(OI)(CI)M')
# The person puts finished pieces there, and can neither list nor change the folder: the rights are its own, and inherited by nothing.
Set-Rights (Join-Path $data 'drop') ($ours + '*S-1-5-32-545:(X,RA,WD,S)')
$toml = Join-Path $data 'agent.toml'
if (-not (Test-Path -LiteralPath $toml)) { Set-Content -LiteralPath $toml -Encoding ASCII -Value "user = '$User'", "verifier_port = $VerifierPort" }

# No screen saver for people whose profile is still to be made.
# A profile that stayed loaded would be in Sysprep's way.
function Invoke-Reg {
  reg.exe @args | Out-Null
  if ($LASTEXITCODE -ne 0) { throw "``reg $args`` fails with $LASTEXITCODE." }
}
Invoke-Reg load 'HKU\ElephantDefault' "$env:SystemDrive\Users\Default\NTUSER.DAT"
try { Invoke-Reg add 'HKU\ElephantDefault\Control Panel\Desktop' /v ScreenSaveActive /t REG_SZ /d 0 /f }
finally { Invoke-Reg unload 'HKU\ElephantDefault' }

# Without a limit: Windows ends a task after three days otherwise. One that has ended, however it did, is begun again
# within a minute: Windows' own word for that, to restart on failure, does not count what a program exits with.
$settings = New-ScheduledTaskSettingsSet -ExecutionTimeLimit ([TimeSpan]::Zero) -MultipleInstances IgnoreNew -AllowStartIfOnBatteries
$everyMinute = (New-ScheduledTaskTrigger -Once -At (Get-Date) -RepetitionInterval (New-TimeSpan -Minutes 1)).Repetition
$atStart = New-ScheduledTaskTrigger -AtStartup
$atStartAndOn = New-ScheduledTaskTrigger -AtStartup
$atStartAndOn.Repetition = $everyMinute
$atLogonAndOn = New-ScheduledTaskTrigger -AtLogOn
$atLogonAndOn.Repetition = $everyMinute
$asSystem = New-ScheduledTaskPrincipal -UserId 'S-1-5-18' -LogonType ServiceAccount -RunLevel Highest
$asPerson = New-ScheduledTaskPrincipal -GroupId 'S-1-5-32-545' -RunLevel Limited
# A window of the helper's would be the person's to close, and the helper with it.
$windowless = Join-Path (Split-Path -Parent $Python) 'pythonw.exe'
$boot = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$home_\desktop\windows\boot.ps1`" -User $User -VerifierPort $VerifierPort"
$service = New-ScheduledTaskAction -Execute $Python -Argument '-m desktop service' -WorkingDirectory $home_
$helper = New-ScheduledTaskAction -Execute $windowless -Argument '-m desktop helper' -WorkingDirectory $home_
Register-ScheduledTask -Force -TaskName 'ElephantBoot' -Action $boot -Trigger $atStart -Principal $asSystem -Settings $settings | Out-Null
Register-ScheduledTask -Force -TaskName 'ElephantService' -Action $service -Trigger $atStartAndOn -Principal $asSystem -Settings $settings | Out-Null
Register-ScheduledTask -Force -TaskName 'ElephantHelper' -Action $helper -Trigger $atLogonAndOn -Principal $asPerson -Settings $settings | Out-Null
